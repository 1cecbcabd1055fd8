using System.Text.RegularExpressions;
using Holdfast.Testing;
using Mono.Cecil;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>
/// The functions of glibc that the program looks up by name when it first calls them, which leave no trace in the file: those of glibc 2.28 alone
/// (Rocky Linux 8). Those that the linker binds are in PublishedFileTests.
/// </summary>
public sealed partial class GlibcTests
{
    private static readonly Version _oldest = new(2, 28);

    [Fact]
    public async Task Every_function_that_is_called_by_name_is_in_glibc_2_28()
    {
        var called = new[] { "Holdfast.Restic", "Holdfast.Engine", "Holdfast.Components", "holdfast" }.SelectMany(Called).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(new HashSet<string>(["statx", "openat", "__xmknodat"], StringComparer.Ordinal), called);
        var since = await SinceAsync();
        Assert.DoesNotContain(called, name => !since.TryGetValue(name, out var version) || version > _oldest);
    }

    /// <summary>O_DIRECTORY, O_NOFOLLOW and O_DIRECT have other values on arm64, where those of x64 mean something else.</summary>
    [Fact]
    public void What_opens_files_takes_the_flags_that_differ_between_architectures_from_OpenFlags()
    {
        var opening = SourceFiles.Shipped.Where(file => !file.Path.EndsWith("/OpenFlags.cs", StringComparison.Ordinal) && OpenCall().IsMatch(file.Text)).ToList();
        Assert.NotEmpty(opening);
        Assert.DoesNotContain(opening, file => DifferentFlag().IsMatch(file.Text));
    }

    private static IEnumerable<string> Called(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll"));
        var imported = from type in module.GetTypes() from method in type.Methods where method.HasPInvokeInfo select method.PInvokeInfo;
        return [.. imported.Where(call => call.Module.Name == "libc").Select(call => call.EntryPoint)];
    }

    /// <summary>The oldest version that each function of this machine's glibc has.</summary>
    private static async Task<Dictionary<string, Version>> SinceAsync()
    {
        var library = (await Command.BashAsync("ldconfig -p | grep -m1 -o '/.*/libc\\.so\\.6$'")).Succeeded().Output.Trim();
        var listed = (await Command.RunAsync(Require.Program("objdump"), ["-T", library])).Succeeded().Output;
        return Versioned().Matches(listed)
            .GroupBy(match => match.Groups["name"].Value, match => Version.Parse(match.Groups["version"].Value), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Min()!, StringComparer.Ordinal);
    }

    [GeneratedRegex(@"GLIBC_(?<version>[0-9.]+)\)?\s+(?<name>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Versioned();

    [GeneratedRegex(@"\bopen(at)?[""(]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OpenCall();

    // 0x8000 is S_IFREG as well, and stands in many of these files as that.
    [GeneratedRegex(@"\b0x(4000|10000|20000)\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex DifferentFlag();
}
