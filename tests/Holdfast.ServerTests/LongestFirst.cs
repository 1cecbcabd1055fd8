using Holdfast.ServerTests;
using Holdfast.ServerTests.Search;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Holdfast.ServerTests;

/// <summary>
/// Starts the collections that take longest before all others, so that none of them is left running alone at the end. The list follows
/// the table of slowest classes that <c>./test</c> prints; a class that is not in it runs after those that are, in xunit's own order.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] _longest =
    [
        TroubledEnginesCollection.Name,
        SearchEnginesCollection.Name,
        AskedEnginesCollection.Name,
        BuildingEnginesCollection.Name,
        Of<Systemd.RecoveryTests>(),
        Of<Quiescing.QuiescedTroubleTests>(),
        Of<Quiescing.QuiescedBackupTests>(),
        Of<Systemd.PlatformStopTests>(),
        Of<Quiescing.QuiescedKillTests>(),
        Of<EndToEnd.QueueVerbTests>(),
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<T> OrderTestCollections<T>(IReadOnlyCollection<T> testCollections)
        where T : ITestCollection =>
        [.. testCollections.OrderBy(collection => Place(collection.TestCollectionDisplayName))];

    private static int Place(string name)
    {
        var place = Array.FindIndex(_longest, one => name == one || name.StartsWith($"{one} (", StringComparison.Ordinal));
        return place < 0 ? _longest.Length : place;
    }

    /// <summary>The beginning of the name that xunit gives to the collection of a class that names none.</summary>
    private static string Of<T>() => $"Test collection for {typeof(T).FullName}";
}
