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

    /// <summary>A function of a later version is bound to the one that 2.28 has in src/Holdfast.Cli/Linking/OldGlibc.targets.</summary>
    [Fact]
    public async Task No_function_is_of_a_later_glibc_than_2_28()
    {
        var listed = (await Command.RunAsync(Require.Program("objdump"), ["-T", HoldfastBinary.Find()])).Succeeded().Output;
        var functions = Versioned().Matches(listed).Select(match => (Version: Version.Parse(match.Groups["version"].Value), Name: match.Groups["name"].Value)).ToList();
        Assert.Contains(functions, function => function.Name == "__libc_start_main");
        Assert.DoesNotContain(functions, function => function.Version > OldestGlibc);
    }

    /// <summary>OpenSSL, zstd, Kerberos and libpq are opened when they are needed, in the version that is there.</summary>
    [Fact]
    public async Task Nothing_but_glibc_must_be_there_for_it_to_start()
    {
        var headers = (await Command.RunAsync(Require.Program("objdump"), ["-p", HoldfastBinary.Find()])).Succeeded().Output;
        string[] glibc = ["ld-linux-x86-64.so.2", "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1"];
        Assert.Equal(glibc, Needed().Matches(headers).Select(match => match.Groups["library"].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\(GLIBC_(?<version>[0-9.]+)\)\s+(?<name>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Versioned();

    [GeneratedRegex(@"^\s+NEEDED\s+(?<library>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Needed();
}
