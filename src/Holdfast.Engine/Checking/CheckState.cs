namespace Holdfast.Engine.Checking;

/// <summary>The meaning of a check's result for a backup.</summary>
public enum CheckState
{
    /// <summary>Nothing prevents a backup.</summary>
    Pass,

    /// <summary>A backup can be taken; the finding should be known.</summary>
    Warn,

    /// <summary>The finding prevents a backup.</summary>
    Fail,

    /// <summary>The check has no result. It never counts as a pass.</summary>
    Unknown,
}
