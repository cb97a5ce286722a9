/** Owns: the part Versity S3 Gateway, a second S3 server: what holds on one server only is a habit of that server. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { goBinary } from "./go-install.ts";
import type { Part } from "./part.ts";
import { pins } from "./pins.ts";
import { expectOk, parseS3Server, type S3Server, startedS3Server } from "./s3-server.ts";

export const versitygwPart: Part<S3Server> = {
  name: "versitygw",
  address: { variable: "STREAMJOB_TEST_VERSITYGW", parse: parseS3Server },
  binary: goBinary("versitygw", pins.versitygw, "2 minutes on two cores"),
  launch: async (place) => {
    const address = `127.0.0.1:${await place.freePort()}`;
    const gives = startedS3Server(address);
    const [data, sidecar] = [join(place.folder, "data"), join(place.folder, "sidecar")];
    for (const folder of [data, sidecar]) await mkdir(folder);
    const { accessKey, secretKey, region } = gives;
    const own = [
      "--port",
      address,
      "--access",
      accessKey,
      "--secret",
      secretKey,
      "--region",
      region,
      "--health",
      "/health",
    ];
    return {
      args: [...own, "posix", "--sidecar", sidecar, data],
      gives,
    };
  },
  check: ({ endpoint }) => expectOk(endpoint, "/health"),
};
