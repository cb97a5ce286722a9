/** Door of the room `main` to the control plane and the operator: it loads the controller and the embedded cluster. */
export { type OperatorSettings, operatorVariables } from "../operator-process.ts";
export {
  type ControlPlane,
  type ControlPlaneOptions,
  LOCAL_IMAGE,
  localPrograms,
  startControlPlane,
} from "./control-plane.ts";
export { isOwnerAlive, readEndpoint, takeEndpoint } from "./endpoint.ts";
export { kubeconfigText } from "./plane-kubeconfig.ts";
export { remoteAddressOf } from "./remote-addresses.ts";
