// Compares the public API of each entry point with its report in etc/, which is reviewed like code. `--update`
// writes the reports anew.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import apiExtractor from '@microsoft/api-extractor';

const { ConsoleMessageId, Extractor, ExtractorConfig } = apiExtractor;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isUpdate = process.argv.includes('--update');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const configFile = join(root, 'api-extractor.json');
/** The messages of API Extractor in place of which this script prints its own. */
const SAID_HERE = new Set([
  ConsoleMessageId.ApiReportCopied,
  ConsoleMessageId.ApiReportCreated,
  ConsoleMessageId.ApiReportNotCopied,
  ConsoleMessageId.ApiReportUnchanged,
  ConsoleMessageId.CompilerVersionNotice,
  ConsoleMessageId.Preamble,
]);
const temporary = mkdtempSync(join(tmpdir(), 'wirespeed-api-'));

/** Checks or updates one report. Returns whether it is right. */
function report(entry, types) {
  const name = entry === '.' ? 'index' : basename(entry);
  const configObject = ExtractorConfig.loadFile(configFile);
  configObject.mainEntryPointFilePath = join(root, types);
  configObject.apiReport.reportFileName = name;
  configObject.apiReport.reportTempFolder = temporary;
  const extractorConfig = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: configFile,
    packageJsonFullPath: join(root, 'package.json'),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(extractorConfig, {
    localBuild: isUpdate,
    printApiReportDiff: true,
    messageCallback(message) {
      message.handled = SAID_HERE.has(message.messageId) || message.logLevel === 'verbose';
    },
  });
  if (apiReportChanged && !isUpdate) {
    console.error(`etc/${name}.api.md is not what '${entry}' exports.`);
  }
  return errorCount === 0 && (isUpdate || !apiReportChanged);
}

try {
  mkdirSync(join(root, 'etc'), { recursive: true });
  const entries = Object.entries(packageJson.exports).filter(([, target]) => target.types);
  const results = entries.map(([entry, target]) => report(entry, target.types));
  if (results.includes(false)) {
    console.error('Run `npm run api:update`, and review the change with the code that makes it.');
    process.exitCode = 1;
  }
} finally {
  rmSync(temporary, { recursive: true });
}
