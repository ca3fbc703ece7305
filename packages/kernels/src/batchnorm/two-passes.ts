/**
 * Variants of kernels that go over the rows of each channel twice, in one dispatch or two: the first pass adds up sums,
 * the second computes each element, for which it needs its channel's sums.
 *
 * A thread adds its units (rows, or rows of windows) in chunks of about the square root of all, so that no sum is long,
 * and joins the chunks' sums in a fixed order. A team of threads shares the units of a channel, neighbouring threads
 * have neighbouring channels.
 *
 * - `channel`, for software adapters: one dispatch, in which a thread takes a channel.
 * - `parts`, for software adapters that find too few channels: the units are cut into parts. A second dispatch goes
 *   over the rows again, and each of its threads first joins the parts' sums itself.
 * - `team`, for real GPUs where rows are few: one dispatch, in which a workgroup takes 32 channels.
 * - `teams`, for real GPUs: as `parts`, with a workgroup for each part of 32 channels.
 *
 * On lavapipe, two cores: in MobileNetV2's step 0.56 of the time of sums, joins and second passes as kernels of their
 * own. `channel` took up to four times as long as `parts` where the array was larger than a cache.
 *
 * A kernel says in WGSL how its sums are made and used:
 *   fn sumOf(first: u32, end: u32, c: u32) -> Sums         of units of the first pass in channel c, at least one
 *   fn joined(a: Sums, b: Sums) -> Sums                    of two sums, of which `Sums()` is that of nothing
 *   fn keep(total: Sums, c: u32)                           writes the results of channel c
 *   fn apply(total: Sums, first: u32, end: u32, c: u32)    computes units of the second pass in channel c
 */
import type { Grid, Stage, Variant } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';

export interface TwoPasses<P> {
  /** Float32 numbers of a sum: `Sums` is a vec2f or a vec3f. */
  readonly words: 2 | 3;
  channels(p: P): number;
  /** Rows behind a sum. */
  rows(p: P): number;
  /** Units of the first pass, then of the second. */
  units(p: P): readonly [first: number, second: number];
  /** Names of the bindings that the first pass reads, then of those that the second uses. */
  bindings(p: P): readonly [first: readonly string[], second: readonly string[]];
  /** What both shaders' text names. */
  constants?(p: P): Parameters<typeof constants>[0];
  /** `sumOf`. */
  first(p: P): string;
  readonly joined: string;
  /** `keep` and `apply`. */
  second(p: P): string;
}

/** How the threads lie. */
interface Layout {
  /** Channels of a workgroup. */
  readonly lanes: number;
  /** Threads that share a channel's units of a part. */
  readonly team: number;
  /** Units of the first pass that are worth a part. */
  readonly part: number;
  /** So many keep all cores busy. */
  readonly enoughParts: number;
}

const SOFTWARE: Layout = { lanes: 8, team: 1, part: 32, enoughParts: 16 };
const HARDWARE: Layout = { lanes: 32, team: 8, part: 128, enoughParts: 64 };
/** More parts than enough are made where one would not stay in a cache while all of its channels are gone over. */
const CACHED_ELEMENTS = 2 ** 17;
const MOST_PARTS = 256;
/** Rows that one workgroup of a real GPU may take alone: going over them takes about as long as a dispatch. */
const FEW_ROWS = 2048;

interface Extent {
  readonly units: number;
  /** Elements of x. */
  readonly elements: number;
}

const partsOf = ({ units, elements }: Extent, { part, enoughParts }: Layout): number =>
  Math.min(
    Math.max(Math.min(enoughParts, Math.ceil(units / part)), Math.ceil(elements / CACHED_ELEMENTS)),
    MOST_PARTS,
    units,
  );

const chunk = (units: number): number => Math.ceil(Math.sqrt(units));

/** Additions behind a sum over so many units, at most: of a chunk's units, and of sums that are joined. */
export const additions = (units: number): { readonly units: number; readonly joins: number } => ({
  units: chunk(units),
  joins: chunk(units) + Math.min(units, HARDWARE.team) + Math.min(units, MOST_PARTS),
});

/** The first units of the chunks, by variant. */
export function chunkStarts({ units, elements }: Extent): readonly (readonly number[])[] {
  const size = chunk(units);
  return [SOFTWARE, HARDWARE].flatMap((layout) =>
    [1, partsOf({ units, elements }, layout)].map((parts) => {
      const part = Math.ceil(units / parts);
      const share = Math.ceil(part / layout.team);
      const starts: number[] = [];
      for (let first = 0; first < units; ) {
        starts.push(first);
        const ofPart = Math.floor(first / part) * part;
        const nextShare = ofPart + (Math.floor((first - ofPart) / share) + 1) * share;
        first = Math.min(first + size, nextShare, ofPart + part);
      }
      return starts;
    }),
  );
}

export function inTwoPasses<P>(passes: TwoPasses<P>): Record<'channel' | 'parts' | 'team' | 'teams', Variant<P>> {
  return {
    channel: {
      ...inOne(passes, SOFTWARE),
      suits: (p, { software }) => software && takesChannelsWell(passes, p),
    },
    parts: { ...inParts(passes, SOFTWARE), suits: (_, { software }) => software },
    team: { ...inOne(passes, HARDWARE), suits: (p, { software }) => !software && passes.rows(p) <= FEW_ROWS },
    teams: { ...inParts(passes, HARDWARE), suits: (_, { software }) => !software },
  };
}

const extentOf = <P>({ units, rows, channels }: TwoPasses<P>, p: P): Extent => ({
  units: units(p)[0],
  elements: rows(p) * channels(p),
});

/**
 * Whether there are threads for several cores, if each takes a channel; and a small array, as each group of channels
 * goes over the cache lines of all, twice.
 */
function takesChannelsWell<P>(passes: TwoPasses<P>, p: P): boolean {
  const { elements } = extentOf(passes, p);
  return (passes.channels(p) > SOFTWARE.lanes || passes.rows(p) <= 256) && elements <= 16 * CACHED_ELEMENTS;
}

/** Both passes in one dispatch. */
function inOne<P>(passes: TwoPasses<P>, layout: Layout): Variant<P> {
  return {
    available: (_, { maxInvocations }) => layout.lanes * layout.team <= maxInvocations,
    ...stage(passes, layout, () => 1),
    wgsl: (p) => `${headWgsl(passes, layout, p)}
${passes.first(p)}${passes.second(p)}
${sumWgsl(layout)}
@compute @workgroup_size(LANES, TEAM)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * LANES + local.x;
  let total = sumOfPart(0u, local, c);
  if (c >= sizes.channels) { return; }
  if (local.y == 0u) { keep(total, c); }
  apply(total, begin(sizes.secondUnits, 0u, local.y), begin(sizes.secondUnits, 0u, local.y + 1u), c);
}`,
  };
}

/** A dispatch for each pass. */
function inParts<P>(passes: TwoPasses<P>, layout: Layout): Variant<P> {
  const { words } = passes;
  const parts = (p: P): number => partsOf(extentOf(passes, p), layout);
  const names = ['x', 'y', 'z'].slice(0, words);
  return {
    available: (_, { maxInvocations }) => layout.lanes * layout.team <= maxInvocations,
    ...stage(passes, layout, parts),
    bindings: (p) => [...passes.bindings(p)[0], 'sums'],
    wgsl: (p) => `${headWgsl(passes, layout, p)}
${passes.first(p)}
${sumWgsl(layout)}
@compute @workgroup_size(LANES, TEAM)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * LANES + local.x;
  let total = sumOfPart(group.y, local, c);
  if (c >= sizes.channels || local.y > 0u) { return; }
${names.map((name, k) => `  sums[(group.y * WORDS + ${k}u) * sizes.channels + c] = total.${name};`).join('\n')}
}`,
    join: {
      scratch: (p) => ({ sums: words * parts(p) * passes.channels(p) }),
      ...stage(passes, layout, parts),
      bindings: (p) => ['sums', ...passes.bindings(p)[1]],
      wgsl: (p) => `${headWgsl(passes, layout, p)}
${passes.second(p)}
@compute @workgroup_size(LANES, TEAM)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * LANES + local.x;
  let channels = sizes.channels;
  if (c >= channels) { return; }
  var total = Sums();
  for (var part = 0u; part < sizes.parts; part++) {
    let i = part * WORDS * channels + c;
    total = joined(total, Sums(${names.map((_, k) => `sums[i + ${k}u * channels]`).join(', ')}));
  }
  if (group.y == 0u && local.y == 0u) { keep(total, c); }
  apply(total, begin(sizes.secondUnits, group.y, local.y), begin(sizes.secondUnits, group.y, local.y + 1u), c);
}`,
    },
  };
}

/** Sizes and grid, which all dispatches have in common. */
const stage = <P>(
  { channels, rows, units }: TwoPasses<P>,
  { lanes }: Layout,
  parts: (p: P) => number,
): Pick<Stage<P>, 'sizes' | 'grid'> => ({
  sizes: (p) => {
    const [firstUnits, secondUnits] = units(p);
    return { channels: channels(p), rows: rows(p), parts: parts(p), firstUnits, secondUnits, chunk: chunk(firstUnits) };
  },
  grid: (p): Grid => [Math.ceil(channels(p) / lanes), parts(p), 1],
});

const headWgsl = <P>(passes: TwoPasses<P>, { lanes, team }: Layout, p: P): string => `
${constants({ ...passes.constants?.(p), LANES: lanes, TEAM: team, WORDS: passes.words })}
alias Sums = vec${passes.words}f;

// The first unit of a thread's share, where units are cut into parts, and a part is shared by a team.
fn begin(units: u32, part: u32, member: u32) -> u32 {
  let size = (units + sizes.parts - 1u) / sizes.parts;
  let share = (size + TEAM - 1u) / TEAM;
  return min(part * size + min(member * share, size), units);
}
${passes.joined}`;

/** `sumOfPart`, which all threads of a workgroup call: all of a team get the same. */
const sumWgsl = ({ team }: Layout): string => `
fn sumOfShare(part: u32, member: u32, c: u32) -> Sums {
  let end = begin(sizes.firstUnits, part, member + 1u);
  let chunk = sizes.chunk;
  var sum = Sums();
  for (var first = begin(sizes.firstUnits, part, member); first < end; first += chunk) {
    sum = joined(sum, sumOf(first, min(first + chunk, end), c));
  }
  return sum;
}
${
  team === 1
    ? `
fn sumOfPart(part: u32, local: vec3u, c: u32) -> Sums {
  if (c >= sizes.channels) { return Sums(); }
  return sumOfShare(part, local.y, c);
}`
    : `
var<workgroup> shares: array<Sums, LANES * TEAM>;

fn sumOfPart(part: u32, local: vec3u, c: u32) -> Sums {
  if (c < sizes.channels) { shares[local.y * LANES + local.x] = sumOfShare(part, local.y, c); }
  workgroupBarrier();
  var sum = Sums();
  for (var member = 0u; member < TEAM; member++) { sum = joined(sum, shares[member * LANES + local.x]); }
  return sum;
}`
}`;
