/** What each model of a vote comes to on labelled images, and what the vote gains. */
import type { ImageDataset } from '@anke/data';
import { accuracyOf, logLossOf, mostLikely, percent } from '@anke/report';
import { tableLines } from '../table.js';
import type { Voters, Votes } from '../voting.js';

export interface Member {
  readonly run: string;
  /** For the images as they are. */
  readonly plainAccuracy: number;
  /** Of the mean over all copies. */
  readonly accuracy: number;
  readonly logLoss: number;
}

export interface JudgedVote {
  /** Of the vote. */
  readonly evaluation: { readonly logLoss: number; readonly accuracy: number };
  /** The vote's accuracy less that of the best member for the images as they are. */
  readonly gain: number;
  readonly probabilities: Float32Array;
  readonly members: readonly Member[];
}

export function judgedVote({ runs, classes }: Voters, { members, vote }: Votes, images: ImageDataset): JudgedVote {
  const labels = images.labels as Uint32Array;
  const accuracy = (probabilities: Float32Array): number => accuracyOf(mostLikely(probabilities, classes), labels);
  const judged = members.map(({ plain, mean }, i) => ({
    run: runs[i] as string,
    plainAccuracy: accuracy(plain),
    accuracy: accuracy(mean),
    logLoss: logLossOf(mean, labels, classes),
  }));
  const best = Math.max(...judged.map(({ plainAccuracy }) => plainAccuracy));
  const voted = accuracy(vote);
  return {
    evaluation: { logLoss: logLossOf(vote, labels, classes), accuracy: voted },
    gain: voted - best,
    probabilities: vote,
    members: judged,
  };
}

/** A row for each member, the vote below them, and what it gains. */
export function memberLines(
  members: readonly Member[],
  { evaluation, gain = 0 }: { readonly evaluation: Readonly<Record<string, number>>; readonly gain?: number },
): string[] {
  const { accuracy = Number.NaN, logLoss = Number.NaN } = evaluation;
  const points = `${gain < 0 ? '−' : '+'}${Math.abs(100 * gain).toFixed(2)}`;
  return [
    ...tableLines([
      ['run', 'as they are', 'copies', 'log loss'],
      ...members.map((one) => [one.run, percent(one.plainAccuracy), percent(one.accuracy), one.logLoss.toFixed(4)]),
      ['vote', '', percent(accuracy), logLoss.toFixed(4)],
    ]),
    `The vote is ${points} percentage points from the best run for the images as they are.`,
  ];
}
