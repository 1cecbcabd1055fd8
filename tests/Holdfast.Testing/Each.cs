using Xunit;

namespace Holdfast.Testing;

/// <summary>Assertions on every item of a list, in the place of <c>Assert.All</c>, which holds for a list of nothing.</summary>
public static class Each
{
    /// <summary>Checks every item.</summary>
    /// <exception cref="Xunit.Sdk.XunitException">An item fails, or there is none: then nothing was tested.</exception>
    public static void Holds<T>(IEnumerable<T> items, Action<T> check)
    {
        var all = items.ToList();
        Assert.NotEmpty(all);
        Assert.All(all, check);
    }
}
