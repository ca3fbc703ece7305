/** Names of classes and runs, cut where they are too long for a picture. */

/** A name of at most so many signs as people count them, the last an ellipsis if it was cut. */
export function shortName(name: string, longest: number): string {
  const signs = Array.from(new Intl.Segmenter().segment(name), ({ segment }) => segment);
  return signs.length > longest
    ? `${signs
        .slice(0, longest - 1)
        .join('')
        .trimEnd()}…`
    : name;
}
