using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Running;

/// <summary>What <c>--only</c> asks for: names of components ("postgres/main") or kinds ("postgres").</summary>
internal static class Selection
{
    /// <summary>The components that are asked for; all when nothing is said.</summary>
    /// <exception cref="ProblemException">Something is asked for that is not there.</exception>
    public static IReadOnlyList<IComponent> Of(IReadOnlyList<IComponent> components, IReadOnlyList<string> only)
    {
        RequireKnown([.. components.Select(component => (component.Name, component.Kind))], only);
        return only.Count == 0 ? components : [.. components.Where(component => only.Any(word => Fits(component.Name, component.Kind, word)))];
    }

    /// <summary>True when every word finds a component.</summary>
    public static bool Covers(IEnumerable<ComponentRecord> components, IReadOnlyList<string> only) =>
        only.All(word => components.Any(component => Fits(component.Name, component.Kind, word)));

    /// <summary>True when a component is asked for; each is when nothing is said.</summary>
    public static bool Has(ComponentRecord record, IReadOnlyList<string> only) => only.Count == 0 || only.Any(word => Fits(record.Name, record.Kind, word));

    private static bool Fits(string name, string kind, string word) => name == word || kind == word;

    /// <summary>Refuses a word that fits none of some components, and names all of them.</summary>
    /// <exception cref="ProblemException">A word fits none.</exception>
    public static void RequireKnown(IReadOnlyList<(string Name, string Kind)> components, IReadOnlyList<string> only)
    {
        if (only.FirstOrDefault(word => !components.Any(component => Fits(component.Name, component.Kind, word))) is not { } unknown) return;
        var names = components.Select(component => component.Name).Distinct(StringComparer.Ordinal).ToList();
        var near = Spelling.Nearest(unknown, names.Concat(components.Select(component => component.Kind)));
        throw Catalogue.ComponentUnknown.Throwable(
            $"There is no component '{unknown}', only {string.Join(", ", names)}.{(near is null ? "" : $" Did you mean '{near}'?")}");
    }
}
