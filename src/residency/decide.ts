/** Who holds memory. Times are milliseconds of one steady clock, sizes bytes. */
export interface Resident<K> {
  readonly key: K;
  readonly model: string;
  readonly bytes: number;
  /** Models of one group never run at the same time. */
  readonly group: string | null;
  /** Requests that wait or run. */
  readonly requests: number;
  /** When its last request began or ended. */
  readonly lastUsed: number;
  /** When it got its place. */
  readonly since: number;
  /** It has been told to unload, or ends. */
  readonly isLeaving: boolean;
}

/** Who waits for memory. */
export interface Applicant<K> {
  readonly key: K;
  readonly model: string;
  readonly bytes: number;
  readonly group: string | null;
  readonly since: number;
}

export interface Occupancy<K> {
  readonly now: number;
  /** What all may hold together. */
  readonly budget: number;
  readonly dwellTime: number;
  /** When one was last unloaded for another's sake; null: never. */
  readonly switchedAt: number | null;
  readonly residents: readonly Resident<K>[];
  /** Who came first is first. */
  readonly applicants: readonly Applicant<K>[];
}

export type Ruling<K> =
  | { readonly kind: "admit"; readonly key: K }
  /** These must go for the first applicant. Those with requests finish them first, and get no new ones meanwhile. */
  | { readonly kind: "unload"; readonly keys: readonly K[] }
  /** Milliseconds until it would be decided otherwise if nothing happened; null: never. */
  | { readonly kind: "wait"; readonly again: number | null };

/**
 * Who may load, and who must unload for it. Pure. To be asked whenever anything here changes, and after `again`.
 *
 * Who fits beside all others enters at once, unless somebody is leaving for the one who came first. Otherwise the least
 * recently used of those without requests go, until the first applicant fits; nobody who has not stayed for the dwell
 * time, and no two switches within it. Traffic without a pause would keep others out for ever: so once the first
 * applicant has waited for the dwell time, the least recently used go even though they have requests.
 */
export function decide<K>(seen: Occupancy<K>): Ruling<K> {
  const { residents, applicants } = seen;
  const first = applicants[0];
  if (first === undefined) return { kind: "wait", again: null };
  const isMoving = residents.some(({ isLeaving }) => isLeaving);
  const entering = (isMoving ? [first] : applicants).find((one) => fits(one, residents, seen.budget));
  if (entering !== undefined) return { kind: "admit", key: entering.key };
  const staying = residents.filter(({ isLeaving }) => !isLeaving);
  if (fits(first, staying, seen.budget)) return { kind: "wait", again: null };
  return makeRoom(first, staying, seen);
}

type Claim = Pick<Applicant<unknown>, "model" | "bytes" | "group">;

/** Whether one fits beside these. */
export function fits(one: Claim, residents: readonly Claim[], budget: number): boolean {
  if (residents.some((resident) => excludes(one, resident))) return false;
  return residents.reduce((sum, { bytes }) => sum + bytes, one.bytes) <= budget;
}

/** A model that is being replaced does not exclude itself. */
function excludes(one: Claim, other: Claim): boolean {
  return one.group !== null && one.group === other.group && one.model !== other.model;
}

function makeRoom<K>(first: Applicant<K>, staying: readonly Resident<K>[], seen: Occupancy<K>): Ruling<K> {
  const { now, dwellTime, switchedAt, budget } = seen;
  const untilSwitch = switchedAt === null ? 0 : switchedAt + dwellTime - now;
  const untilPatienceEnds = first.since + dwellTime - now;
  const mayGo = (resident: Resident<K>): boolean =>
    resident.since + dwellTime <= now && (resident.requests === 0 || untilPatienceEnds <= 0);
  const leaving = untilSwitch <= 0 ? leastRecentlyUsed(first, staying, mayGo, budget) : null;
  if (leaving !== null) return { kind: "unload", keys: leaving.map(({ key }) => key) };
  const untilDwelt = staying.map(({ since }) => since + dwellTime - now);
  const moments = [untilSwitch, untilPatienceEnds, ...untilDwelt].filter((ms) => ms > 0);
  return { kind: "wait", again: moments.length > 0 ? Math.min(...moments) : null };
}

/** The fewest that must go, or null where not enough may. Idle ones go before those with requests. */
function leastRecentlyUsed<K>(
  first: Applicant<K>,
  staying: readonly Resident<K>[],
  mayGo: (resident: Resident<K>) => boolean,
  budget: number,
): readonly Resident<K>[] | null {
  const isInTheWay = (resident: Resident<K>): boolean => excludes(first, resident);
  const order = staying.toSorted(
    (a, b) =>
      Number(isInTheWay(b)) - Number(isInTheWay(a)) ||
      Math.min(1, a.requests) - Math.min(1, b.requests) ||
      a.lastUsed - b.lastUsed,
  );
  const leaving: Resident<K>[] = [];
  for (const resident of order) {
    const rest = staying.filter((one) => !leaving.includes(one));
    if (fits(first, rest, budget)) break;
    if (mayGo(resident)) leaving.push(resident);
    else if (isInTheWay(resident)) return null;
  }
  const rest = staying.filter((one) => !leaving.includes(one));
  return fits(first, rest, budget) ? leaving : null;
}
