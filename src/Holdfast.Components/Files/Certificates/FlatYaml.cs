using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// The scalars of a YAML file under their whole names: "server.ssl.key" is one setting, whether it is written with dots
/// or with indentation, as the servers that use such files read it.
/// </summary>
internal static class FlatYaml
{
    /// <summary>Names and values in order; a list gives one pair for each of its items. Empty when it is no YAML.</summary>
    public static IReadOnlyList<(string Name, string Value)> Read(string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException)
        {
            return [];
        }
        var settings = new List<(string, string)>();
        foreach (var document in yaml.Documents) Flatten("", document.RootNode, settings);
        return settings;
    }

    private static void Flatten(string name, YamlNode node, List<(string Name, string Value)> settings)
    {
        switch (node)
        {
            case YamlScalarNode scalar:
                settings.Add((name, scalar.Value ?? ""));
                break;
            case YamlSequenceNode sequence:
                foreach (var item in sequence) Flatten(name, item, settings);
                break;
            case YamlMappingNode mapping:
                foreach (var (key, value) in mapping)
                    Flatten(name.Length == 0 ? key.ToString() : $"{name}.{key}", value, settings);
                break;
        }
    }
}
