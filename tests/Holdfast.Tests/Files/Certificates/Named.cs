using Holdfast.Components.Files.Certificates;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>What a configuration names, in lines that read well in tests: "Key /etc/x.key".</summary>
internal static class Named
{
    public static string[] By(INamesCertificates program, string path) => By(program, path, new ConfigurationReader());

    public static string[] By(INamesCertificates program, string path, ConfigurationReader reader) =>
        [.. program.Read(path, reader).Select(named => $"{named.Role} {named.Path}")];
}
