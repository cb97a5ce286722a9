/** Whether this is a run of CI, where what cannot be had is an error. */
export const isInCi = (): boolean => ["true", "1"].includes(process.env["CI"] ?? "");
