/** What a recipe may say of each type of loss and of metric. */
import type { LossType, MetricType } from '@anke/nn';
import { z } from 'zod';
import { positiveInteger, typed } from './values.js';

const share = z.number().min(0).max(1);
const smoothing = {
  labelSmoothing: share.exactOptional().describe('the share of each target that is spread over all classes'),
};

/** A table by type of loss. */
export const lossSchemas = {
  SparseCategoricalCrossentropy: typed('SparseCategoricalCrossentropy', smoothing),
  CategoricalCrossentropy: typed('CategoricalCrossentropy', smoothing),
  BinaryCrossentropy: typed('BinaryCrossentropy', smoothing),
  MeanSquaredError: typed('MeanSquaredError', {}),
} satisfies Record<LossType, z.ZodType>;

/** What a history holds of each epoch beside what is measured. */
const COLUMNS = ['phase', 'epoch', 'seconds'];

/** A type of metric with its options. */
const metric = <T extends MetricType, O extends z.core.$ZodLooseShape>(type: T, options: O) =>
  typed(type, {
    name: z
      .string()
      .regex(/^\w+$/, 'must consist of letters, digits and _')
      .refine((text) => !COLUMNS.includes(text), `${COLUMNS.join(', ')} are columns of the history already`)
      .exactOptional()
      .describe('in logs; default: Keras’s'),
    ...options,
  });

const ofPositives = {
  threshold: share.exactOptional().describe('outputs above it are positive; default: 0.5'),
  classId: z.int().min(0).exactOptional().describe('the only output that counts'),
  average: z
    .literal('macro')
    .exactOptional()
    .describe('the mean over the classes, each predicted where its output is the largest'),
};

/** A table by type of metric. */
export const metricSchemas = {
  Accuracy: metric('Accuracy', {}),
  BinaryAccuracy: metric('BinaryAccuracy', { threshold: share.exactOptional() }),
  TopKCategoricalAccuracy: metric('TopKCategoricalAccuracy', { k: positiveInteger.exactOptional() }),
  Precision: metric('Precision', ofPositives),
  Recall: metric('Recall', ofPositives),
  MeanAbsoluteError: metric('MeanAbsoluteError', {}),
} satisfies Record<MetricType, z.ZodType>;

type LossSchema = (typeof lossSchemas)[LossType];
type MetricSchema = (typeof metricSchemas)[MetricType];

export const lossSchema = z.discriminatedUnion('type', Object.values(lossSchemas) as [LossSchema, ...LossSchema[]]);
export const metricSchema = z.discriminatedUnion(
  'type',
  Object.values(metricSchemas) as [MetricSchema, ...MetricSchema[]],
);
