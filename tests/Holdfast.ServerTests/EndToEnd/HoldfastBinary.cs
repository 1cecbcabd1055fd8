using Holdfast.Testing;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>The published native binary, as users get it: $HOLDFAST_BINARY, which ./test sets.</summary>
internal static class HoldfastBinary
{
    /// <summary>Where it is in a box.</summary>
    public const string Boxed = "/holdfast/holdfast";

    /// <summary>The option of a box that shows it there, whatever its file is called here.</summary>
    public static string BoxOption => $"--bind-ro={Path.GetFullPath(Find())}:{Boxed}";

    public static string Find()
    {
        var path = Environment.GetEnvironmentVariable("HOLDFAST_BINARY");
        Require.That(File.Exists(path), "HOLDFAST_BINARY does not name the published binary; ./test publishes it.");
        return path;
    }
}
