/** Values that several parts of a recipe have: numbers in ranges, pairs, names. */
import { z } from 'zod';

export const positiveInteger = z.int().min(1);
export const positive = z.number().positive();
export const fraction = z.number().min(0).lt(1);
export const pair = z.union([positiveInteger, z.tuple([positiveInteger, positiveInteger])]);
export const range = z.union([z.number(), z.tuple([z.number(), z.number()])]);
export const padding = z.enum(['valid', 'same']);
const factor = z.number().min(0);
export const regularizer = z
  .strictObject({ l1: factor.exactOptional(), l2: factor.exactOptional() })
  .refine(({ l1, l2 }) => l1 !== undefined || l2 !== undefined, 'it needs l1, l2 or both')
  .meta({ id: 'regularizer', description: 'adds l1 · Σ |w| + l2 · Σ w² to the loss' });
export const name = z.string().regex(/^[\w-]+$/, 'must consist of letters, digits, _ and -');

/** A file or folder below the run's folder. */
export const pathInRun = z
  .string()
  .regex(/^(?!\/|[A-Za-z]:)(?!(.*\/)?\.\.(\/|$))[^\\]+$/, 'must be a path in the run folder, with / between folders');

/** Options of something that a recipe calls by its type. */
export const typed = <T extends string, O extends z.core.$ZodLooseShape>(type: T, options: O) =>
  z.strictObject({ type: z.literal(type), ...options });
