using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// The scalars of a YAML file under their full names: "server.ssl.key" is one setting, whether it is written with dots
/// or with indentation, as the servers that use such files read it. The file belongs to another user, so depth and
/// number of values are limited, and a value that refers to itself is a fault of the file.
/// </summary>
internal sealed class FlatYaml
{
    // A setting of these programs has some ten parts; their largest files have some hundred settings.
    private const int DeepestValue = 50, MostValues = 50_000, LongestName = 512;

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, Value> _anchors = [];
    private readonly List<(string Name, string Value)> _settings = [];
    private int _visited;

    private FlatYaml(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>Returns names and values in order; a list gives one pair for each of its items.</summary>
    /// <returns>
    /// The settings up to the first fault, and the fault as the end of a sentence; null when there is none.
    /// </returns>
    public static (IReadOnlyList<(string Name, string Value)> Settings, string? Fault) Read(string text)
    {
        var yaml = new FlatYaml(text);
        try
        {
            yaml.ReadDocuments();
            return (yaml._settings, null);
        }
        catch (YamlException broken)
        {
            var line = (int)Math.Max(1, broken.Start.Line);
            return (yaml._settings, HasTab(text, line) ? $"line {line}: a tab stands there; YAML is indented by spaces" : $"line {line}: {broken.Message.TrimEnd('.')}");
        }
        catch (Exception defect) when (defect is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // YamlDotNet's scanner throws these for some malformed texts.
            return (yaml._settings, $"line {Math.Max(1, yaml._parser.Current?.End.Line ?? 1)}: a bracket, brace or quote is not closed");
        }
    }

    private void ReadDocuments()
    {
        _parser.Consume<StreamStart>();
        while (_parser.TryConsume<DocumentStart>(out _))
        {
            var root = new Value();
            try
            {
                Fill(root, 0);
            }
            finally
            {
                // The settings before a fault are used: keys that are named there are captured.
                Flatten("", root, 0);
            }
            _parser.Consume<DocumentEnd>();
        }
    }

    private void Fill(Value value, int depth)
    {
        var current = _parser.Current ?? throw new YamlException("the document ends too early");
        if (depth > DeepestValue) throw Fault(current, $"values are nested more than {DeepestValue} deep");
        if (++_visited > MostValues) throw Fault(current, $"there are more than {MostValues} values");
        switch (current)
        {
            case Scalar scalar:
                _parser.MoveNext();
                value.Text = scalar.Value;
                break;
            case AnchorAlias alias:
                _parser.MoveNext();
                value.Alias = _anchors.GetValueOrDefault(alias.Value) ?? throw Fault(alias, $"*{alias.Value} refers to nothing before it, or to itself");
                break;
            case SequenceStart:
                _parser.MoveNext();
                while (!_parser.TryConsume<SequenceEnd>(out _)) Fill(value.Below(null), depth + 1);
                break;
            case MappingStart:
                _parser.MoveNext();
                while (!_parser.TryConsume<MappingEnd>(out _)) FillEntry(value, depth);
                break;
            default:
                throw Fault(current, "a value is missing");
        }
        // The anchor is registered only when the value is complete, so that no value contains itself.
        if (current is NodeEvent { Anchor: { IsEmpty: false } anchor }) _anchors[anchor] = value;
    }

    private void FillEntry(Value mapping, int depth)
    {
        if (_parser.Current is not Scalar key) throw Fault(_parser.Current!, "a key must be a plain word");
        _parser.MoveNext();
        Fill(mapping.Below(key.Value), depth + 1);
        if (!mapping.Keys.Add(key.Value)) throw Fault(key, $"'{key.Value}' stands there twice");
    }

    private void Flatten(string name, Value value, int depth)
    {
        if (depth > DeepestValue || name.Length > LongestName || ++_visited > 2 * MostValues) throw new YamlException("its values are far too many, or their names far too long");
        if (value.Alias is { } alias) Flatten(name, alias, depth + 1);
        if (value.Text is { } text) _settings.Add((name, text));
        foreach (var (key, below) in value.Entries)
            Flatten(key is null || key is "<<" ? name : name.Length == 0 ? key : $"{name}.{key}", below, depth + 1);
    }

    private static bool HasTab(string text, int line) =>
        text.Split('\n').ElementAtOrDefault(line - 1) is { } at && at.AsSpan(0, at.Length - at.AsSpan().TrimStart().Length).Contains('\t');

    private static YamlException Fault(ParsingEvent at, string what) => new(at.Start, at.End, what);

    /// <summary>A value: a text, an alias, or entries. Entries of a list have no key.</summary>
    private sealed class Value
    {
        private List<(string? Key, Value Value)>? _entries;

        public string? Text { get; set; }

        public Value? Alias { get; set; }

        public IReadOnlyList<(string? Key, Value Value)> Entries => _entries ?? [];

        public HashSet<string> Keys => field ??= new HashSet<string>(StringComparer.Ordinal);

        public Value Below(string? key)
        {
            var value = new Value();
            (_entries ??= []).Add((key, value));
            return value;
        }
    }
}
