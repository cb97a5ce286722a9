/**
 * Owns: the answer to `mayGoOn` (reachWatermark) where nothing is asked whether there is room: all is emitted in one call.
 */
export const always = (): boolean => true;
