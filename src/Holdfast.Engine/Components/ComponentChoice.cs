using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>The components that <c>--only</c> asks for.</summary>
internal static class ComponentChoice
{
    /// <summary>Those of <paramref name="components"/> that are asked for; all when nothing is said.</summary>
    /// <exception cref="ProblemException">Something is asked for that is not there.</exception>
    public static IReadOnlyList<IComponent> Of(IReadOnlyList<IComponent> components, IReadOnlyList<string> only)
    {
        Selection.RequireKnown([.. components.Select(component => (component.Name, component.Kind))], only);
        return [.. components.Where(component => Selection.Has(component.Name, component.Kind, only))];
    }
}
