import { fitConstants, predictCell } from "./fit.ts";
import type { MeasuredCell } from "./grid.ts";
import type { PredictDecode } from "./judge.ts";

/** Predicts for each host with constants that were fitted on the others. */
export function leaveOneOut(cells: readonly MeasuredCell[]): PredictDecode {
  const hosts = [...new Set(cells.map(({ hostName }) => hostName))];
  const constants = new Map(
    hosts.map((host) => [host, fitConstants(cells.filter(({ hostName }) => hostName !== host))]),
  );
  return (cell) => {
    const others = constants.get(cell.hostName);
    if (others === undefined) throw new Error(`Nothing was fitted for host ${cell.hostName}.`);
    return predictCell(others, cell).decode;
  };
}
