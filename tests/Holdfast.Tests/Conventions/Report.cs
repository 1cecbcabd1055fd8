using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>How a convention fails: with every offence, one a line, and what to do about them.</summary>
internal static class Report
{
    public static void None(IEnumerable<string> offences, string advice)
    {
        var lines = offences.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (lines.Count > 0) Assert.Fail($"{advice}\n  {string.Join("\n  ", lines)}");
    }
}
