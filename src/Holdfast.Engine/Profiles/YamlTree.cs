using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Reads one YAML document into values with their places. It works on the parser's events, because the ready-made
/// document model stops at the first duplicate key. Anchors, aliases, tags and further documents are mistakes: a
/// profile without indirection is easier to check at night.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>The largest depth: more than any profile needs, and far below the limit of the stack.</summary>
    private const int MaximumDepth = 50;

    private readonly Parser _parser;
    private readonly List<ProfileMistake> _mistakes;

    private YamlTree(string text, List<ProfileMistake> mistakes) => (_parser, _mistakes) = (new Parser(new StringReader(text)), mistakes);

    /// <summary>
    /// The document's value, or null when the text is not valid YAML; mistakes are added to the list.
    /// </summary>
    public static YamlValue? Read(string text, List<ProfileMistake> mistakes)
    {
        var tree = new YamlTree(text, mistakes);
        try
        {
            return tree.ReadDocument();
        }
        catch (YamlException broken)
        {
            mistakes.AddRange(Explain(text, broken.Start, broken.Message.TrimEnd('.')));
        }
        catch (Exception defect) when (defect is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // YamlDotNet's scanner throws these for some invalid texts, such as a plain scalar over two lines in an
            // open { }.
            mistakes.AddRange(Explain(text, tree._parser.Current?.End ?? Mark.Empty, "a bracket, brace or quote is not closed"));
        }
        return null;
    }

    private YamlValue? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            _mistakes.Add(new ProfileMistake(new ProfilePlace(1, 1), "", "the profile is empty."));
            return null;
        }
        var value = ReadValue("", 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var next)) Mistake(next, "", "a second document begins here; a profile is one document.");
        return value;
    }

    private YamlValue ReadValue(string path, int depth)
    {
        var current = _parser.Current ?? throw new YamlException("The document ends too early.");
        if (depth > MaximumDepth) throw new YamlException(current.Start, current.End, $"values are nested more than {MaximumDepth} deep");
        if (current is NodeEvent node) RefuseDecoration(node, path);
        return current switch
        {
            MappingStart => ReadMapping(path, depth),
            SequenceStart => ReadSequence(path, depth),
            Scalar => ReadScalar(),
            _ => SkipAlias(path),
        };
    }

    private YamlValue ReadScalar()
    {
        var scalar = _parser.Consume<Scalar>();
        return new YamlValue(PlaceOf(scalar), scalar.Value, isPlain: scalar.Style == ScalarStyle.Plain);
    }

    private YamlValue ReadSequence(string path, int depth)
    {
        var place = PlaceOf(_parser.Consume<SequenceStart>());
        var items = new List<YamlValue>();
        while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(ReadValue($"{path}[{items.Count}]", depth + 1));
        return new YamlValue(place, items);
    }

    private YamlValue ReadMapping(string path, int depth)
    {
        var place = PlaceOf(_parser.Consume<MappingStart>());
        var entries = new List<YamlEntry>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var entry = ReadEntry(path, depth);
            if (entries.Find(other => other.Key == entry.Key) is { } first)
                _mistakes.Add(new ProfileMistake(entry.Place, path, $"'{entry.Key}' stands here a second time; the first is on line {first.Place.Line}."));
            else
                entries.Add(entry);
        }
        return new YamlValue(place, entries);
    }

    private YamlEntry ReadEntry(string path, int depth)
    {
        if (_parser.Current is not Scalar key) throw new YamlException(_parser.Current!.Start, _parser.Current.End, "a key must be a plain word");
        RefuseDecoration(key, path);
        _parser.MoveNext();
        return new YamlEntry(key.Value, PlaceOf(key), ReadValue(Below(path, key.Value), depth + 1));
    }

    private void RefuseDecoration(NodeEvent node, string path)
    {
        if (!node.Anchor.IsEmpty) Mistake(node, path, "anchors (&name) are not used in profiles; write the value out.");
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific) Mistake(node, path, "tags (!name) are not used in profiles; leave it out.");
    }

    private YamlValue SkipAlias(string path)
    {
        var alias = _parser.Consume<AnchorAlias>();
        Mistake(alias, path, "aliases (*name) are not used in profiles; put a value that begins with * in quotes.");
        return new YamlValue(PlaceOf(alias), "*", isPlain: false);
    }

    private void Mistake(ParsingEvent at, string path, string message) => _mistakes.Add(new ProfileMistake(PlaceOf(at), path, message));

    private static ProfilePlace PlaceOf(ParsingEvent parsed) => new((int)parsed.Start.Line, (int)parsed.Start.Column);

    /// <summary>The path of a key's value.</summary>
    public static string Below(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>
    /// Tabs are the most frequent reason, and the parser's own message does not mention them, so they are searched for.
    /// </summary>
    private static List<ProfileMistake> Explain(string text, Mark where, string reason)
    {
        var tabs = TabsBeforeText(text).ToList();
        if (tabs.Count > 0) return tabs;
        var place = new ProfilePlace((int)Math.Max(1, where.Line), (int)Math.Max(1, where.Column));
        return [new ProfileMistake(place, "", $"this is not YAML: {reason}. What follows was not looked at.")];
    }

    private static IEnumerable<ProfileMistake> TabsBeforeText(string text)
    {
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var tab = lines[i].AsSpan(0, lines[i].Length - lines[i].TrimStart().Length).IndexOf('\t');
            if (tab >= 0) yield return new ProfileMistake(new ProfilePlace(i + 1, tab + 1), "", "a tab stands here; YAML is indented by spaces.");
        }
    }
}
