/** To be imported first: the rig of the promises then runs on a real cluster (test/promises/rig-cluster.ts). */
process.env["STREAMJOB_PROMISES_ON"] = "kubernetes";
