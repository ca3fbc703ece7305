/** What callbacks can do to a session. */
import type { ModelState, Session } from '../engine/session.js';
import type { WeightSnapshot, WeightValues } from '../engine/weights.js';
import { loggedQuantities, type Quantities, type TrainingControl } from './callback.js';

export class Control implements TrainingControl {
  stopTraining = false;
  readonly quantities: Quantities;

  /** @param validates whether there is validation data */
  constructor(
    private readonly session: Session,
    validates: boolean,
  ) {
    this.quantities = loggedQuantities(session.training.metrics, validates);
  }

  get learningRate(): number {
    return this.session.training.learningRate;
  }

  set learningRate(rate: number) {
    this.session.training.learningRate = rate;
  }

  snapshot(): WeightSnapshot {
    return this.session.weights.snapshot();
  }

  getWeights(): Promise<ReadonlyMap<string, WeightValues>> {
    return this.session.weights.get();
  }

  getState(): Promise<ModelState> {
    return this.session.getState();
  }
}
