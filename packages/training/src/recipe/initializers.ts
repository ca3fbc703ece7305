/** What a recipe may say of a weight's first values: a name, or an object with the name as its type and options. */
import { INITIALIZERS, type InitializerName } from '@anke/nn';
import { z } from 'zod';
import { typed } from './values.js';

const number = z.number().exactOptional();

/** A table by name of the initializer. */
const schemas = {
  constant: typed('constant', { value: number }),
  glorotNormal: typed('glorotNormal', {}),
  glorotUniform: typed('glorotUniform', {}),
  heNormal: typed('heNormal', {}),
  heUniform: typed('heUniform', {}),
  lecunNormal: typed('lecunNormal', {}),
  lecunUniform: typed('lecunUniform', {}),
  ones: typed('ones', {}),
  randomNormal: typed('randomNormal', { mean: number, stddev: z.number().min(0).exactOptional() }),
  randomUniform: typed('randomUniform', { minval: number, maxval: number }),
  truncatedNormal: typed('truncatedNormal', { mean: number, stddev: z.number().min(0).exactOptional() }),
  zeros: typed('zeros', {}),
} satisfies Record<InitializerName, z.ZodType>;

type Schema = (typeof schemas)[InitializerName];

export const initializer = z
  .union([
    z.enum(Object.keys(INITIALIZERS) as [InitializerName, ...InitializerName[]]),
    z.discriminatedUnion('type', Object.values(schemas) as [Schema, ...Schema[]]),
  ])
  // Many options are one: with an id, the JSON Schema has it once.
  .meta({ id: 'initializer', description: 'how the weights begin' });
