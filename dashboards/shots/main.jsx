// Draws the panels of a dashboard with Grafana's own libraries, from answers of Prometheus that
// window.SHOT holds: {dashboard, theme, width, answers: {panelID: {refID: result}}}.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { of, firstValueFrom } from 'rxjs';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createDataFrame, createTheme, dateTime, FieldConfigOptionsRegistry, FieldType, getDisplayProcessor,
  getFieldDisplayName, getFieldDisplayValues, standardTransformers, ThemeContext, VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const shot = window.SHOT;
const theme = createTheme({ colors: { mode: shot.theme } });

// What overrides may set, as Grafana's own registry has it.
const standard = ['unit', 'noValue', 'displayName', 'mappings', 'thresholds', 'links', 'color', 'min', 'max', 'decimals'];
const custom = ['width', 'hidden', 'hideFrom.viz', 'cellOptions', 'wrapText', 'align', 'filterable', 'inspect', 'fillOpacity', 'lineWidth',
  'drawStyle', 'showPoints', 'spanNulls', 'lineInterpolation', 'stacking', 'thresholdsStyle'];
const registry = new FieldConfigOptionsRegistry(() => [
  ...standard.map((id) => ({ id, path: id, name: id, process: (v) => v, shouldApply: () => true, editor: null, override: null })),
  ...custom.map((id) => ({ id: 'custom.' + id, path: id, name: id, isCustom: true, process: (v) => v, shouldApply: () => true, editor: null, override: null })),
]);

const legendOf = (format, labels) => format.replace(/\{\{(\w+)\}\}/g, (_, name) => labels[name] ?? '');
const number = (text) => (text === 'NaN' ? null : Number(text));

// frames makes of answers what Grafana's Prometheus data source makes of them.
function frames(panel) {
  const answers = shot.answers[panel.id] ?? {};
  const all = [];
  for (const target of panel.targets) {
    const result = answers[target.refId] ?? [];
    if (target.format === 'table') {
      if (result.length === 0) {
        continue;
      }
      const names = [...new Set(result.flatMap((s) => Object.keys(s.metric)))].sort();
      const value = panel.targets.length > 1 ? 'Value #' + target.refId : 'Value';
      all.push(createDataFrame({
        refId: target.refId,
        fields: [
          { name: 'Time', type: FieldType.time, values: result.map((s) => s.value[0] * 1000) },
          ...names.map((n) => ({ name: n, type: FieldType.string, values: result.map((s) => s.metric[n] ?? '') })),
          { name: value, type: FieldType.number, values: result.map((s) => number(s.value[1])) },
        ],
      }));
      continue;
    }
    for (const s of result) {
      const points = s.values ?? [s.value];
      const name = legendOf(target.legendFormat, s.metric);
      all.push(createDataFrame({
        refId: target.refId,
        fields: [
          { name: 'Time', type: FieldType.time, values: points.map((p) => p[0] * 1000) },
          { name: 'Value', type: FieldType.number, labels: s.metric, config: name ? { displayNameFromDS: name } : {}, values: points.map((p) => number(p[1])) },
        ],
      }));
    }
  }
  return all;
}

const transformers = { joinByField: standardTransformers.joinByFieldTransformer, organize: standardTransformers.organizeFieldsTransformer };

async function dataOf(panel) {
  let data = frames(panel);
  for (const t of panel.transformations ?? []) {
    const context = { interpolate: (v) => v };
    data = await firstValueFrom(of(data).pipe(transformers[t.id].operator(t.options, context)));
  }
  const drawn = applyFieldOverrides({
    data, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, theme, timeZone: 'utc', replaceVariables: (v) => v,
  });
  drawn.forEach((frame) => frame.fields.forEach((field) => {
    field.state = { ...field.state, displayName: null };
  }));
  cacheFieldDisplayNames(drawn);
  return drawn;
}

function Stat({ panel, data, width, height }) {
  const values = () => getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, data, theme, timeZone: 'utc', replaceVariables: (v) => v, sparkline: false,
  });
  return (
    <VizRepeater getValues={values} width={width} height={height} source={data} orientation={VizOrientation.Auto} itemSpacing={3} autoGrid
      renderValue={({ value, width, height }) => (
        <BigValue value={value.display} count={values().length} theme={theme} width={width} height={height} colorMode={panel.options.colorMode}
          graphMode="none" justifyMode={panel.options.justifyMode} textMode={panel.options.textMode} wideLayout />
      )} />
  );
}

function Bars({ panel, data, width, height }) {
  const values = () => getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, data, theme, timeZone: 'utc', replaceVariables: (v) => v,
  });
  return (
    <VizRepeater getValues={values} width={width} height={height} source={data} orientation={VizOrientation.Horizontal} itemSpacing={10} minVizHeight={16}
      renderValue={({ value, width, height }) => (
        <BarGauge value={value.display} field={value.field} display={getDisplayProcessor({ field: { config: value.field }, theme })} theme={theme} width={width} height={height}
          orientation={VizOrientation.Horizontal} displayMode={panel.options.displayMode} showUnfilled valueDisplayMode="color" />
      )} />
  );
}

// The timeline is not in Grafana's published libraries: this one has its texts and colours.
function Timeline({ data, width, height }) {
  const rows = data.map((f) => ({ name: getFieldDisplayName(f.fields[1], f, data), times: f.fields[0].values, field: f.fields[1] }));
  const left = Math.min(190, width / 2.5);
  const from = shot.from * 1000;
  const to = shot.to * 1000;
  const x = (t) => left + ((t - from) / (to - from)) * (width - left);
  const h = Math.min(26, (height - 4) / rows.length);
  const spans = (row) => {
    const all = [];
    row.field.values.forEach((v, i) => {
      const t = row.times[i];
      const last = all.at(-1);
      if (last && last.value === v && t - last.to <= 61000) {
        last.to = t;
      } else if (v !== null) {
        all.push({ from: t, to: t, value: v });
      }
    });
    return all.map((s) => ({ ...s, to: s.to + 60000, shown: row.field.display(s.value) }));
  };
  return (
    <svg width={width} height={height} style={{ fontFamily: theme.typography.fontFamily, fontSize: 12 }}>
      {rows.map((row, i) => (
        <g key={i} transform={`translate(0, ${i * h})`}>
          <text x={4} y={h * 0.65} fill={theme.colors.text.primary}>{row.name}</text>
          {spans(row).map((s, j) => (
            <g key={j}>
              <rect x={x(s.from)} y={1} width={Math.max(1, x(s.to) - x(s.from))} height={h - 3} fill={s.shown.color} fillOpacity={0.8} />
              {x(s.to) - x(s.from) > 60 && <text x={x(s.from) + 4} y={h * 0.65} fill={theme.colors.getContrastText(s.shown.color.startsWith('#') ? s.shown.color : theme.colors.background.primary)}>{s.shown.text}</text>}
            </g>
          ))}
        </g>
      ))}
    </svg>
  );
}

class Guard extends React.Component {
  state = {};
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    console.error('panel was not drawn: ' + error.stack);
  }
  render() {
    return this.state.error ? <pre className="shot-error">{String(this.state.error.stack)}</pre> : this.props.children;
  }
}

function Content({ panel, data, width, height }) {
  const filled = data.filter((f) => f.fields.length > 0 && f.length > 0);
  if (filled.length === 0) {
    return <div style={{ height, display: 'flex', alignItems: 'center', justifyContent: 'center', textAlign: 'center', color: theme.colors.text.secondary }}>{panel.fieldConfig.defaults.noValue}</div>;
  }
  switch (panel.type) {
    case 'stat':
      return <Stat panel={panel} data={filled} width={width} height={height} />;
    case 'bargauge':
      return <Bars panel={panel} data={filled} width={width} height={height} />;
    case 'table': {
      return <TableNG data={filled[0]} width={width} height={height} initialSortBy={panel.options.sortBy} noHeader={panel.options.showHeader === false} showTypeIcons={false} enableVirtualization={false} cellHeight="sm" structureRev={1} getActions={() => []} timeRange={range} />;
    }
    case 'timeseries':
      return <TimeSeries frames={filled} timeRange={range} timeZone="utc" width={width} height={height} legend={{ ...panel.options.legend, calcs: [] }} theme={theme} options={panel.options} />;
    case 'state-timeline':
      return <Timeline data={filled} width={width} height={height} />;
  }
  return <pre className="shot-error">no drawing of {panel.type}</pre>;
}

const range = { from: dateTime(shot.from * 1000), to: dateTime(shot.to * 1000), raw: { from: 'now-6h', to: 'now' } };

function Dashboard({ panels }) {
  const narrow = shot.width < 768;
  const cell = (shot.width - 16) / 24;
  const style = (g) => narrow ? { width: shot.width - 16, height: Math.max(g.h * 36, 36), marginBottom: 8 }
    : { position: 'absolute', left: g.x * cell, top: g.y * 36, width: g.w * cell - 8, height: g.h * 36 - 8 };
  return (
    <div style={{ padding: 8, position: 'relative', minHeight: narrow ? undefined : Math.max(...panels.map((p) => p.panel.gridPos.y + p.panel.gridPos.h)) * 36 + 8 }}>
      <div style={{ position: 'relative' }}>
        {panels.map(({ panel, data }) => {
          const s = style(panel.gridPos);
          if (panel.type === 'row') {
            return <div key={panel.id} style={{ ...s, color: theme.colors.text.primary, fontWeight: 500, paddingTop: 4 }}>{panel.title}</div>;
          }
          return (
            <div key={panel.id} style={s}>
              <PanelChrome title={panel.title} width={s.width} height={s.height}>
                {(width, height) => <Guard><Content panel={panel} data={data} width={width} height={height} /></Guard>}
              </PanelChrome>
            </div>
          );
        })}
      </div>
    </div>
  );
}

async function draw() {
  const panels = await Promise.all(shot.dashboard.panels.map(async (panel) => ({ panel, data: panel.type === 'row' ? [] : await dataOf(panel) })));
  document.body.style.background = theme.colors.background.canvas;
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}><GlobalStyles hackNoBackdropBlur isExtensionSidebarOpen={false} /><Dashboard panels={panels} /></ThemeContext.Provider>
  );
}

draw().then(() => console.log('dashboard was drawn'), (error) => {
  console.error('panel was not drawn: ' + error.stack);
  document.body.innerHTML = `<pre class="shot-error">${error.stack}</pre>`;
});
