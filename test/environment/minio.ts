/** Owns: the part MinIO, an S3 server. */
import { join } from "node:path";
import { goBinary } from "./go-install.ts";
import type { Part } from "./part.ts";
import { pins } from "./pins.ts";
import { expectOk, parseS3Server, type S3Server, startedS3Server } from "./s3-server.ts";

export const minioPart: Part<S3Server> = {
  name: "minio",
  address: { variable: "STREAMJOB_TEST_MINIO", parse: parseS3Server },
  binary: goBinary("minio", pins.minio, "4 minutes on two cores"),
  launch: async (place) => {
    const address = `127.0.0.1:${await place.freePort()}`;
    const gives = startedS3Server(address);
    return {
      args: ["server", "--quiet", "--address", address, "--console-address", "127.0.0.1:0", join(place.folder, "data")],
      env: {
        MINIO_ROOT_USER: gives.accessKey,
        MINIO_ROOT_PASSWORD: gives.secretKey,
        // Buckets are found by host name, too: bucket.localhost.
        MINIO_DOMAIN: "localhost",
        // Without a key of its own it refuses to encrypt.
        MINIO_KMS_SECRET_KEY: `streamjob:${Buffer.alloc(32, 7).toString("base64")}`,
        MINIO_BROWSER: "off",
        MINIO_UPDATE: "off",
        HOME: place.folder,
      },
      gives,
    };
  },
  check: ({ endpoint }) => expectOk(endpoint, "/minio/health/ready"),
};
