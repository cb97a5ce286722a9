/** Room `embedded/kubelet`: runs pods as child processes of this machine. */
export { InstantKubelet } from "./instant-kubelet.ts";
export { ProcessKubelet, type ProcessKubeletOptions } from "./process-kubelet.ts";
export { imageTable, type ImageTable, type ImageTableOptions, type Program, type Programs } from "./programs.ts";
