/** The curves of a run as a picture in its folder. */
import { chartSvg, curvesPicture, renderPng } from '@anke/report';
import { type Phase, type Store, writeText } from '@anke/training';

/** Draws the curves of the epochs so far, if there are any. */
export async function drawCurves(store: Store, phases: readonly Phase[]): Promise<void> {
  if (phases.every(({ epochs }) => epochs.length === 0)) return;
  const svg = await chartSvg(curvesPicture(phases));
  await writeText(store, 'curves.svg', svg);
  await store.write('curves.png', await renderPng(svg));
}
