/**
 * The order of test files. Vitest begins with the largest files, which it takes for the longest; but the tests of
 * kernels are short to read and long to run, as they compile hundreds of shaders. Last, they would run alone.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isOfKernel = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/packages/kernels/');

export class KernelsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isOfKernel), ...sorted.filter((file) => !isOfKernel(file))];
  }
}
