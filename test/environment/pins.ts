/**
 * Owns: the versions of what the environment builds, and the sums of their modules as Go's checksum database has them. Go itself checks
 * every dependency against its database where that is on; the sum here holds where it is off too.
 */

export type GoPin = {
  /** The module, and the folder of its program below it. */
  readonly module: string;
  readonly program?: string;
  readonly version: string;
  /** Of the module's zip. */
  readonly sum: string;
  /** What its own build tells the program: variable of a package → value. */
  readonly variables?: Readonly<Record<string, string>>;
};

export const pins = {
  glua: {
    module: "github.com/yuin/gopher-lua",
    program: "cmd/glua",
    version: "v1.1.2",
    sum: "h1:yF/FjE3hD65tBbt0VXLE13HWS9h34fdzJmrWRXwobGA=",
  },
  helm3: {
    module: "helm.sh/helm/v3",
    program: "cmd/helm",
    version: "v3.22.0",
    sum: "h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=",
    variables: {
      "helm.sh/helm/v3/internal/version.version": "v3.22.0",
      // The cluster that `helm template` and `helm lint` assume; without them one of 2020.
      "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
      "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": "35",
      "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor": "1",
      "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": "35",
    },
  },
  helm4: {
    module: "helm.sh/helm/v4",
    program: "cmd/helm",
    version: "v4.3.2",
    sum: "h1:zdd8DgKTlLrlYIzdoAntDHLH0V3RkgNIpQ3yjzuD84M=",
    variables: { "helm.sh/helm/v4/internal/version.version": "v4.3.2" },
  },
  minio: {
    module: "github.com/minio/minio",
    version: "v0.0.0-20260212201848-7aac2a2c5b7c",
    sum: "h1:/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA=",
  },
  versitygw: {
    module: "github.com/versity/versitygw",
    program: "cmd/versitygw",
    version: "v1.8.0",
    sum: "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=",
  },
  coredns: {
    module: "github.com/coredns/coredns",
    version: "v1.15.0",
    sum: "h1:OBT+OEyHVdUiVxPhrNlC5XZVq3RkSxzQXfZQ76gm5ck=",
  },
} as const satisfies Readonly<Record<string, GoPin>>;
