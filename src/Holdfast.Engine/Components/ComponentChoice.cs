using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>The components that <c>--only</c> asks for.</summary>
internal static class ComponentChoice
{
    /// <summary>The members of <paramref name="components"/> that are selected; all when nothing is given.</summary>
    /// <exception cref="ProblemException">A selected component does not exist.</exception>
    public static IReadOnlyList<IComponent> Of(IReadOnlyList<IComponent> components, IReadOnlyList<string> only)
    {
        Selection.RequireKnown([.. components.Select(component => (component.Name, component.Kind))], only);
        return [.. components.Where(component => Selection.Has(component.Name, component.Kind, only))];
    }
}
