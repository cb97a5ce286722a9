/** Room `exchange`: channels between tasks (in a thread, between threads, over sockets), credit, partitioning, barrier alignment. */
export { type AlignmentStep } from "./barrier-aligner.ts";
export { BufferDebloater, type DebloatSettings } from "./buffer-debloater.ts";
export { type ChannelKey, type ChannelReceiver, type ChannelSender, channelKey } from "./channel.ts";
export { DataConnection, type LinkEvents } from "./data-connection.ts";
export { DataServer, type ReceiverEvents } from "./data-server.ts";
export { InputGate } from "./input-gate.ts";
export { LinkReceiver, LinkSender, type ReceivingLink, type SendingLink } from "./link.ts";
export { LocalChannel } from "./local-channel.ts";
export { BroadcastWriter, ForwardWriter, HashWriter, RebalanceWriter, RecordWriter } from "./record-writer.ts";
export { createRing, type Doorbell, RingReceiver, RingSender } from "./ring.ts";
export { SegmentPool } from "./segment-pool.ts";
