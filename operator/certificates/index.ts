/** Room `operator/certificates`: certifies the processes of jobs, from one root that the operator keeps. */
export { createJobAuthority, type JobAuthority } from "./job-authority.ts";
export { operatorIdentities } from "./operator-identities.ts";
export { publishAuthority } from "./published-authority.ts";
export { openJobAuthority } from "./root-secret.ts";
