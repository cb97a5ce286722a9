/** What is found out of an object that never changes: once, however often it is asked, and for as long as the object lives. */

/** `find`, remembering its answer for each object. What it throws is not remembered. */
export function oncePerObject<T extends object, R>(find: (object: T) => R): (object: T) => R {
  const found = new WeakMap<T, { readonly value: R }>();
  return (object) => {
    const known = found.get(object);
    if (known !== undefined) return known.value;
    const value = find(object);
    found.set(object, { value });
    return value;
  };
}
