using System.Diagnostics.CodeAnalysis;
using Xunit;

namespace Holdfast.Testing;

/// <summary>
/// What a test needs of the machine. When it is missing the test is skipped with the reason, so that a laptop without
/// servers can still run the rest; with HOLDFAST_REQUIRE=all, as in CI, it fails: a suite that tests nothing is no success.
/// </summary>
public static class Require
{
    /// <summary>True when a missing thing is a failure.</summary>
    public static bool All => Environment.GetEnvironmentVariable("HOLDFAST_REQUIRE") is "all";

    /// <summary>Goes on only when <paramref name="condition"/> holds. <paramref name="missing"/> is a sentence that says what is missing.</summary>
    public static void That([DoesNotReturnIf(false)] bool condition, string missing)
    {
        if (!condition) Missing(missing);
    }

    /// <summary>The full path of a program, from PATH and the places of system tools.</summary>
    public static string Program(string name)
    {
        var path = FindProgram(name);
        That(path is not null, $"The program '{name}' is not installed.");
        return path;
    }

    /// <summary>Mounting, changing owners and other users' servers need root.</summary>
    public static void Root() => That(Environment.IsPrivilegedProcess, "This test needs to be root.");

    /// <summary>The full path of a program, or null.</summary>
    public static string? FindProgram(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(["/usr/sbin", "/sbin", "/usr/local/bin"])
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }

    [DoesNotReturn]
    private static void Missing(string what)
    {
        if (All) Assert.Fail($"{what} HOLDFAST_REQUIRE=all makes that a failure.");
        Assert.Skip(what);
    }
}
