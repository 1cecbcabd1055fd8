using System.Reflection;
using Holdfast.Testing;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Holdfast.ServerTests.Search;

/// <summary>
/// Tries a test with each of the engines, whose kind is its first argument: all of them in <c>./test long</c>, otherwise the one that
/// the seed draws for this test, so that each run sees every engine in some hundred tests and each test all engines in time.
/// </summary>
/// <param name="others">The further arguments.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class EnginesAttribute(params object?[] others) : DataAttribute
{
    /// <summary>The further arguments.</summary>
    public IReadOnlyList<object?> Others { get; } = others;

    /// <summary>OpenSearch with TLS and users is one of them.</summary>
    public bool Secure { get; set; }

    /// <inheritdoc/>
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        string[] all = Secure ? ["elasticsearch", "opensearch", "secure"] : ["elasticsearch", "opensearch"];
        var kinds = Sample.Of(all, 1, $"{testMethod.Name}({string.Join(", ", Others)})");
        return new([.. kinds.Select(kind => new TheoryDataRow([kind, .. Others]))]);
    }

    /// <inheritdoc/>
    public override bool SupportsDiscoveryEnumeration() => true;
}
