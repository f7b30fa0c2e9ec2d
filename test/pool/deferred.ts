export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
}

/** A promise that a callback resolves. */
export function deferred(): Deferred {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}
