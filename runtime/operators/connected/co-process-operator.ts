/**
 * Owns: `process` of two connected streams: functions of two inputs adapted to the process operators.
 * Not here: what those do around a call (basic/process-operator.ts, keyed/keyed-process-operator.ts).
 */
import type {
  BroadcastProcessFunction,
  CoProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedStates,
  OperatorFactory,
  OperatorStates,
  OrFactory,
  SideOutputTypes,
} from "../../ports/index.ts";
import type { Key } from "../../record/index.ts";
import { ProcessOperator } from "../basic/process-operator.ts";
import { keyedFactory, KeyedProcessOperator } from "../keyed/keyed-process-operator.ts";
import { FunctionMaker, type ProcessHooks, type SecondHook } from "../process-context.ts";

const CO = { hooks: ["process1", "process2"], hasBroadcast: false } as const;
const BROADCAST = { hooks: ["process", "processBroadcast"], hasBroadcast: true } as const;

/** Calls a CoProcessFunction for each record of two streams. */
export function coProcessOperator<I1, I2, O, S extends OperatorStates, X extends SideOutputTypes>(
  fn: OrFactory<CoProcessFunction<I1, I2, O, S, X>>,
): OperatorFactory<I1, O> {
  const maker = new FunctionMaker<CoProcessFunction<I1, I2, O, S, X>, S, X>({ ...CO, isKeyed: false }, fn);
  return {
    ...maker.declared,
    create: () => {
      const instance = maker.make();
      return new ProcessOperator(coHooks(instance), maker, coSecond(instance));
    },
  };
}

/** With keys. */
export function keyedCoProcessOperator<K extends Key, I1, I2, O, S extends KeyedStates, X extends SideOutputTypes>(
  fn: OrFactory<KeyedCoProcessFunction<K, I1, I2, O, S, X>>,
): OperatorFactory<I1, O> {
  const maker = new FunctionMaker<KeyedCoProcessFunction<K, I1, I2, O, S, X>, S, X>({ ...CO, isKeyed: true }, fn);
  return keyedFactory(maker, () => {
    const instance = maker.make();
    return new KeyedProcessOperator<K, I1, O, S, X>(
      { ...coHooks(instance), ...timerHook(instance) },
      maker,
      coSecond(instance),
    );
  });
}

/** Calls a BroadcastProcessFunction for each record of a stream and of a broadcast one. */
export function broadcastProcessOperator<I, B, O, S extends OperatorStates, X extends SideOutputTypes>(
  fn: OrFactory<BroadcastProcessFunction<I, B, O, S, X>>,
): OperatorFactory<I, O> {
  const maker = new FunctionMaker<BroadcastProcessFunction<I, B, O, S, X>, S, X>({ ...BROADCAST, isKeyed: false }, fn);
  return {
    ...maker.declared,
    create: () => {
      const instance = maker.make();
      return new ProcessOperator(broadcastHooks(instance), maker, broadcastSecond(instance));
    },
  };
}

/** With keys. */
export function keyedBroadcastProcessOperator<K extends Key, I, B, O, S extends KeyedStates, X extends SideOutputTypes>(
  fn: OrFactory<KeyedBroadcastProcessFunction<K, I, B, O, S, X>>,
): OperatorFactory<I, O> {
  const maker = new FunctionMaker<KeyedBroadcastProcessFunction<K, I, B, O, S, X>, S, X>(
    { ...BROADCAST, isKeyed: true },
    fn,
  );
  return keyedFactory(maker, () => {
    const instance = maker.make();
    return new KeyedProcessOperator<K, I, O, S, X>(
      { ...broadcastHooks(instance), ...timerHook(instance) },
      maker,
      broadcastSecond(instance),
    );
  });
}

interface Around<C> {
  open?(context: C): void | Promise<void>;
  close?(): void | Promise<void>;
}
interface CoFunction<I1, O, C> extends Around<C> {
  process1(value: I1, context: C): ReturnType<ProcessHooks<I1, O, C>["process"]>;
  process2(value: never, context: C): unknown;
}
interface BroadcastFunction<I, O, C> extends Around<C> {
  process(value: I, context: C): ReturnType<ProcessHooks<I, O, C>["process"]>;
  processBroadcast(value: never, context: never): unknown;
}

/** The methods are called on the user's object: it may be an instance of a class. */
function coHooks<I, O, C>(fn: CoFunction<I, O, C>): ProcessHooks<I, O, C> {
  return {
    ...around(fn),
    process: (value, context) => fn.process1(value, context),
  };
}

function coSecond<I, O, C>(fn: CoFunction<I, O, C>): SecondHook<C> {
  return { name: "process2", isBroadcast: false, process: (value, context) => fn.process2(value as never, context) };
}

function broadcastHooks<I, O, C>(fn: BroadcastFunction<I, O, C>): ProcessHooks<I, O, C> {
  return {
    ...around(fn),
    process: (value, context) => fn.process(value, context),
  };
}

function broadcastSecond<I, O, C>(fn: BroadcastFunction<I, O, C>): SecondHook<C> {
  return {
    name: "processBroadcast",
    isBroadcast: true,
    process: (value, context) => fn.processBroadcast(value as never, context as never),
  };
}

function around<C>(fn: Around<C>): Around<C> {
  return { open: (context) => fn.open?.(context), close: () => fn.close?.() };
}

function timerHook<C>(fn: {
  onTimer?(timestamp: number, context: C): undefined | void;
}): Pick<ProcessHooks<never, never, C>, "onTimer"> {
  return { onTimer: (timestamp, context) => fn.onTimer?.(timestamp, context) };
}
