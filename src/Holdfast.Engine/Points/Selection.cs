using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;

namespace Holdfast.Engine.Points;

/// <summary>
/// The values of <c>--only</c>: names of components ("postgres/main") or kinds ("postgres"), each optionally followed
/// by a colon and a part ("postgres:shop", "search/main:orders"). No name of a component has a colon; the name of a
/// part may have any character.
/// </summary>
internal static class Selection
{
    /// <summary>True when every value matches a component.</summary>
    public static bool Covers(IEnumerable<ComponentRecord> components, IReadOnlyList<string> only) =>
        only.All(word => components.Any(component => Fits(component.Name, component.Kind, word)));

    /// <summary>True when a component is selected; all are when no value is given.</summary>
    public static bool Has(ComponentRecord record, IReadOnlyList<string> only) => Has(record.Name, record.Kind, only);

    /// <summary>True when a component is selected by its name or its kind; all are when no value is given.</summary>
    public static bool Has(string name, string kind, IReadOnlyList<string> only) => only.Count == 0 || only.Any(word => Fits(name, kind, word));

    /// <summary>Whether a part of a component is selected by its name.</summary>
    public static bool NamesPart(string name, string kind, IReadOnlyList<string> only) => only.Any(word => Fits(name, kind, word) && PartOf(word) is not null);

    /// <summary>The selected parts of a component; null when it is selected as a whole, or no value is given.</summary>
    public static IReadOnlyList<string>? PartsOf(string name, string kind, IReadOnlyList<string> only)
    {
        var words = only.Where(word => Fits(name, kind, word)).ToList();
        return words.Count == 0 || words.Exists(word => PartOf(word) is null) ? null : [.. words.Select(word => PartOf(word)!)];
    }

    /// <summary>Refuses parts that the point does not hold, and lists those that it does.</summary>
    /// <param name="components">The components to restore, with the names of their parts; null where only the whole can
    /// be restored.</param>
    /// <param name="only">The values of <c>--only</c>.</param>
    /// <exception cref="ProblemException">A part does not exist, or a component has no parts.</exception>
    public static void RequireParts(IReadOnlyList<(string Name, string Kind, IReadOnlyList<string>? Parts)> components, IReadOnlyList<string> only)
    {
        foreach (var word in only.Where(word => PartOf(word) is not null))
        {
            var (part, meant) = (PartOf(word)!, components.Where(component => Fits(component.Name, component.Kind, word)).ToList());
            var known = meant.SelectMany(component => component.Parts ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            if (known.Contains(part, StringComparer.Ordinal)) continue;
            var names = string.Join(" and ", meant.Select(component => component.Name));
            if (known.Count == 0)
                throw Catalogue.ComponentUnknown.Throwable($"The recovery point has {names} as a whole: '--only {word}' cannot be restored of it.", "Name the component alone; of files --include takes a part.");
            var near = Spelling.Nearest(part, known);
            throw Catalogue.ComponentUnknown.Throwable(
                $"The recovery point has no '{part}' in {names}, only {Quantity.List(known, most: 50)}.{(near is null ? "" : $" Did you mean '{near}'?")}",
                "Name one of these, as 'holdfast points show' does.");
        }
    }

    /// <summary>Refuses parts where a component is always taken as a whole.</summary>
    /// <exception cref="ProblemException">A part is named.</exception>
    public static void RefuseParts(IReadOnlyList<string> only)
    {
        if (only.FirstOrDefault(word => PartOf(word) is not null) is { } word)
            throw Catalogue.ComponentUnknown.Throwable($"'--only {word}' names a part of a component, and a backup captures each as a whole.", $"Say '--only {ComponentOf(word)}'; what of it is captured is said in the profile.");
    }

    private static bool Fits(string name, string kind, string word) => ComponentOf(word) is var asked && (name == asked || kind == asked);

    private static string ComponentOf(string word) => word.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? word[..colon] : word;

    private static string? PartOf(string word) => word.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? word[(colon + 1)..] : null;

    /// <summary>Refuses a value that matches none of the components, and lists all of them.</summary>
    /// <exception cref="ProblemException">A value matches no component.</exception>
    public static void RequireKnown(IReadOnlyList<(string Name, string Kind)> components, IReadOnlyList<string> only)
    {
        if (only.FirstOrDefault(word => !components.Any(component => Fits(component.Name, component.Kind, word))) is not { } unknown) return;
        var names = components.Select(component => component.Name).Distinct(StringComparer.Ordinal).ToList();
        unknown = ComponentOf(unknown);
        var near = Spelling.Nearest(unknown, names.Concat(components.Select(component => component.Kind)));
        throw Catalogue.ComponentUnknown.Throwable(
            $"There is no component '{unknown}', only {string.Join(", ", names)}.{(near is null ? "" : $" Did you mean '{near}'?")}");
    }
}
