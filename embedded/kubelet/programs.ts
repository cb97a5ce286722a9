/**
 * Owns: what stands in for container images: an image is a table of programs, and a container's `args[0]` names one of them.
 * Called by: container-plan.ts; the tables are injected by whoever starts the kubelet.
 */

/** What is started for a container: `command ...args <rest of the container's args>`. */
export type Program = {
  /** Executable: absolute, or found by PATH. */
  readonly command: string;
  readonly args: readonly string[];
  /** Of the "image": the pod's own variables win. */
  readonly env?: Readonly<Record<string, string>>;
};

/** By `args[0]`. */
export type Programs = Readonly<Record<string, Program>>;

/** The programs of an image; null: there is no such image, which the pod shows as ErrImagePull. Asked at each start. */
export type ImageTable = (image: string) => Programs | null;

export type ImageTableOptions = {
  /** Of every image that `images` does not name; absent: an image that is not named is not there. */
  readonly programs?: Programs;
  readonly images?: Readonly<Record<string, Programs>>;
  /** Not there, whatever else is said. May be changed by its owner. */
  readonly missingImages?: ReadonlySet<string>;
};

export function imageTable(options: ImageTableOptions): ImageTable {
  const { programs, images, missingImages } = options;
  return (image) => {
    if (missingImages?.has(image) === true) return null;
    if (images !== undefined && Object.hasOwn(images, image)) return images[image] ?? null;
    return programs ?? null;
  };
}
