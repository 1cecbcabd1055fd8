using Holdfast.Testing;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>The published native binary, as users get it: $HOLDFAST_BINARY, which ./test sets.</summary>
internal static class HoldfastBinary
{
    public static string Find()
    {
        var path = Environment.GetEnvironmentVariable("HOLDFAST_BINARY");
        Require.That(File.Exists(path), "HOLDFAST_BINARY does not name the published binary; ./test publishes it.");
        return path;
    }
}
