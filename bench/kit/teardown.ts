type Undo = () => void | Promise<void>;

/**
 * Runs `main` and then, whatever happened, undoes what it has deferred, the last first. SIGINT and SIGTERM undo too and
 * end the process with 128 + the signal's number.
 */
export async function withTeardown<T>(main: (defer: (undo: Undo) => void) => Promise<T>): Promise<T> {
  const undos: Undo[] = [];
  const undoAll = async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      await Promise.resolve()
        .then(undo)
        .catch((error: unknown) => console.error("cleaning up:", error));
    }
  };
  const onSignal = (signal: NodeJS.Signals) => {
    void undoAll().then(() => process.exit(signal === "SIGINT" ? 130 : 143));
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    return await main((undo) => undos.push(undo));
  } finally {
    await undoAll();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
