/** Text as a cell of a CSV file: in quotes where something in it would end the cell. */

export const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
