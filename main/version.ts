/** Door of the room `main` for who needs the version alone: it loads nothing else. */
export { readVersion } from "./package-version.ts";
