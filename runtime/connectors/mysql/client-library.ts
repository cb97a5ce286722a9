/**
 * Owns: what the client library has to do before a slot fixes what the language provides (docs/decisions/20261129-fixed-intrinsics.md).
 *
 * MYC1 With its first login mysql2 makes a buffer whose methods do nothing, by assigning to it what Buffer's prototype has. In a slot that is refused by
 *      then. So it is made here, while the job's module is loaded: the library keeps it.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { assert } from "../../../base/index.ts";

type Packets = { readonly MockBuffer?: () => Uint8Array };

const require = createRequire(import.meta.url);
// A file behind the library's door: its version is pinned exactly.
const packets = require(join(dirname(require.resolve("mysql2")), "lib", "packets", "packet.js")) as Packets;
assert(typeof packets.MockBuffer === "function", "mysql2 has no Packet.MockBuffer; see client-library.ts");
packets.MockBuffer();
