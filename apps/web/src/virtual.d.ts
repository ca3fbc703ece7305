/** Modules that vite.config.ts makes. */
declare module 'virtual:digit-paths' {
  /** The address of a JSON file: for each font, the paths of its ten digits. */
  const address: string;
  export default address;
}
