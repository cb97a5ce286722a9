/** Room `settings` (pure): the settings of a job as one table, and what follows from it alone. Readers and writers are elsewhere. */
export {
  bounds,
  type ChoiceSetting,
  type DecimalSetting,
  type DurationSetting,
  formOf,
  type FlagSetting,
  isSetting,
  type NamedSetting,
  optionText,
  type Setting,
  type SettingGroup,
  settingsIn,
  type TextSetting,
  valueInWords,
  type WholeSetting,
} from "./setting.ts";
export {
  type Division,
  divideJobManager,
  divideTaskManager,
  type MemorySettings,
  memorySettings,
  type SlotMemory,
  slotMemoryOfMachine,
  type TaskManagerMemory,
} from "./memory-model.ts";
export type { CodeOf, FieldsOf, IsSame, ValueOf } from "./setting-types.ts";
export {
  restartStrategies,
  restartStrategy,
  type StrategyName,
  strategyNames,
  strategyParameters,
} from "./restart-table.ts";
export { settings } from "./table.ts";
