using System.Text;
using System.Text.RegularExpressions;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>What the published file asks of the machine that it starts on.</summary>
public sealed partial class PublishedFileTests
{
    /// <summary>That of Rocky Linux 8 and RHEL 8.</summary>
    private static readonly Version OldestGlibc = new(2, 28);

    [Fact]
    public Task No_function_is_of_a_later_glibc_than_2_28() => IsForOldGlibcAsync("objdump", HoldfastBinary.Find());

    [Fact(Explicit = true), Trait("runs", "long")]
    public Task Nor_is_one_in_the_file_for_arm64() => IsForOldGlibcAsync("aarch64-linux-gnu-objdump", HoldfastBinary.FindForArm());

    [Fact]
    public Task Nothing_but_glibc_must_be_there_for_it_to_start() => NeedsOnlyGlibcAsync("objdump", HoldfastBinary.Find(), "ld-linux-x86-64.so.2");

    [Fact(Explicit = true), Trait("runs", "long")]
    public Task Nor_must_anything_for_the_file_for_arm64() => NeedsOnlyGlibcAsync("aarch64-linux-gnu-objdump", HoldfastBinary.FindForArm(), "ld-linux-aarch64.so.1");

    /// <summary>Otherwise the same sources would give other bytes in another folder.</summary>
    [Fact]
    public void It_does_not_tell_in_which_folder_it_was_built()
    {
        var binary = File.ReadAllBytes(HoldfastBinary.Find());
        Assert.True(binary.AsSpan().IndexOf(Encoding.Unicode.GetBytes("/_/src/Holdfast.Engine/")) > 0);
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.UTF8 })
            Assert.Equal(-1, binary.AsSpan().IndexOf(encoding.GetBytes(SourceTree.PathOf("src/Holdfast."))));
    }

    /// <summary>A function of a later version is bound to the one that 2.28 has in src/Holdfast.Cli/Linking/OldGlibc.targets.</summary>
    private static async Task IsForOldGlibcAsync(string objdump, string binary)
    {
        var listed = (await Command.RunAsync(Require.Program(objdump), ["-T", binary])).Succeeded().Output;
        var functions = Versioned().Matches(listed).Select(match => (Version: Version.Parse(match.Groups["version"].Value), Name: match.Groups["name"].Value)).ToList();
        Assert.Contains(functions, function => function.Name == "__libc_start_main");
        Assert.DoesNotContain(functions, function => function.Version > OldestGlibc);
    }

    /// <summary>OpenSSL, zstd, Kerberos and libpq are opened when they are needed, in the version that is there.</summary>
    private static async Task NeedsOnlyGlibcAsync(string objdump, string binary, string loader)
    {
        var headers = (await Command.RunAsync(Require.Program(objdump), ["-p", binary])).Succeeded().Output;
        string[] glibc = [loader, "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1"];
        Assert.Equal(glibc, Needed().Matches(headers).Select(match => match.Groups["library"].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\(GLIBC_(?<version>[0-9.]+)\)\s+(?<name>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Versioned();

    [GeneratedRegex(@"^\s+NEEDED\s+(?<library>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Needed();
}
