using Holdfast.Testing;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>The published native binaries, as users get them: $HOLDFAST_BINARY, which ./test sets, and $HOLDFAST_ARM64_BINARY, which <c>./test long</c> sets.</summary>
internal static class HoldfastBinary
{
    /// <summary>Where it is in a box.</summary>
    public const string Boxed = "/holdfast/holdfast";

    /// <summary>The option of a box that shows it there, whatever its file is called here.</summary>
    public static string BoxOption => $"--bind-ro={Path.GetFullPath(Find())}:{Boxed}";

    public static string Find() => Find("HOLDFAST_BINARY", "./test");

    /// <summary>The one for arm64, which this machine can't run by itself.</summary>
    public static string FindForArm() => Find("HOLDFAST_ARM64_BINARY", "./test long");

    private static string Find(string variable, string script)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        Require.That(File.Exists(path), $"{variable} does not name the published binary; {script} publishes it.");
        return path;
    }
}
